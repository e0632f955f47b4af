// Package metrics owns the Prometheus metrics of a serve.Host: what each is called, its labels
// and its buckets.
//
// It must not know how requests come in or models are run: the host tells it what has ended.
package metrics
