// Package shell writes words of commands that messages show, as a POSIX shell takes
// them. It runs nothing, and must not know what commands there are.
package shell
