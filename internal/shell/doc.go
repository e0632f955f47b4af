// Package shell writes words of commands that messages show, as a POSIX shell takes
// them. It runs nothing.
package shell
