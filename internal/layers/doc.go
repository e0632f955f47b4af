// Package layers holds the tests of the project's structure: imports go only the
// way that the table in docs/architecture.md allows, every package is in that table,
// every package has a doc.go that says what it owns and what it must not know, and
// exported fields and values have comments.
//
// It has no code of its own and no list: what is right is read from the document. It
// must not know what any package does.
package layers
