// Package vision owns images: decoding files to RGB pixels as PIL reads them,
// and the transforms of torchvision that turn pixels into a model's input.
//
// It must not know datasets, labels, graphs or how a model was quantized.
//
// Decoded pixels are those of PIL's Image.open(f).convert("RGB"): alpha is
// dropped, not blended; palettes, grayscale, 16-bit and CMYK images are
// converted by PIL's rules; the EXIF orientation of a JPEG is not applied unless a
// Decoder is told so (that of a TIFF always is). Damaged files that PIL reads are
// read the same; Image.Damage says so. Pixels and transforms are exact, JPEG
// included; the reference is Pillow 13.
package vision
