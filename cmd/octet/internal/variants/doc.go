// Package variants owns variants of one model side by side, as octet compare and octet
// advise show them: opening and quantizing them, their outputs, layers and times, and
// which one to take.
//
// It must not know flags as they are registered, nor how the document is rendered.
package variants
