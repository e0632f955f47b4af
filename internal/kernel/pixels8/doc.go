// Package pixels8 computes on samples of images, 8 bits each, with the roundings of libjpeg
// and Pillow:
//
//	transform: blocks of 8x8 samples of their cosine coefficients
//	double:    a row of chroma samples at twice the width
//	both:      the same at twice the height, too, of two rows
//	color:     a row of RGB pixels of luma and two rows of chroma
//	row:       a row of RGB pixels at another width, as weighted sums of pixels
//	column:    a row at another height, as a weighted sum of rows
//
// A kernel is a row of Table. All are exact: each gives the bytes of Reference, for
// coefficients out of the range of sound files, too.
//
// It sees raw slices; it must not know file formats, images or other families.
package pixels8
