// Package layers holds the table of the project's layers and the test that
// fails on any import that goes against it. It has no code of its own.
package layers
