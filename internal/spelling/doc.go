// Package spelling serves lists of names in messages: it finds what a mistyped name
// may have meant, and shortens long lists. It must not know what names there are:
// callers give the list.
package spelling
