//go:build !linux

package rest

func setLowWater(uintptr, int) {}
