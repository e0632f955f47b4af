// Package frame carries messages over a pair of pipes: a small JSON header and,
// behind it, bytes that nobody has to convert, such as the elements of a tensor
// or an image file.
//
// A frame is twelve bytes, the header and the payload:
//
//	offset  size  content
//	0       4     "OCT1"
//	4       4     length of the header in bytes, little-endian
//	8       4     length of the payload in bytes, little-endian
//	12            the header: one JSON object in UTF-8
//	              the payload
//
// A reader checks both lengths before it allocates anything, and hands the
// payload out as a stream, so that it can be read to where it belongs.
//
// frame must not know what headers mean.
package frame
