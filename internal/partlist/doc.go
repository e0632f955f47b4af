// Package partlist owns how a set is named that lies in several places: by paths, patterns
// a-{000..146}.tar, lists @FILE and addresses. It opens them as parts of one set; a download
// that breaks off goes on where it ended.
//
// It must not know what is done with the samples.
package partlist
