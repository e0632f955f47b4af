// Package arena plans memory by lifetime: blocks that are not alive at the same
// step of a computation share memory. It knows neither what the blocks hold nor
// who computes.
package arena
