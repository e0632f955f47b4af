// Command transformer is octet's side of bench/transformer.py: it builds the case that it
// is told, an encoder block or a part of one, from weights that both sides compute, and
// runs it on request.
//
//	go run ./tools/transformer CASE THREADS
//
// It speaks the protocol of `octet bench-worker` on standard input and output. With
// -profile FILE it runs for some seconds instead and writes a profile of the CPU.
package main
