// Package report holds the document that a comparison of models gives, and shows
// it: as text and Markdown, and as one HTML page that needs nothing else, in light
// and dark and on paper. The JSON form of the document is described in
// docs/compare.md and changes only with its version.
//
// A Training is the page of a training, with its curves.
//
// A page escapes everything that came from files, loads nothing from anywhere, runs
// no script, and stays below two megabytes: of large models it draws fewer
// channels, never fewer layers.
//
// report knows figures and what to say about them; it must not know how they are
// measured.
package report
