//go:build !linux

package slab

import "unsafe"

func adviseLarge(unsafe.Pointer, int) {}
