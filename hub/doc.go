// Package hub fetches published files, verifies them and keeps them: a cache
// folder, PyTorch's own cache where a file is already there, and downloads that
// can be cut, killed and resumed without losing or mixing up anything.
//
// A file appears under its name only when it is whole and its SHA-256 begins as
// its name says. Until then it is NAME.part, with NAME.part.json beside it, which
// says where it comes from. NAME.lock keeps two downloads of a file apart, in one
// process and between processes; the operating system releases it when a process
// dies. (Where Go knows no such lock, as on Plan 9 and Solaris, only downloads
// within one process are kept apart.)
//
// Environment:
//
//	OCTET_CACHE     the cache folder; otherwise octet in the user's cache folder
//	OCTET_OFFLINE   1: nothing is fetched
//	OCTET_BASE_URL  a mirror: takes the place of scheme and host of every URL
//	TORCH_HOME      where PyTorch keeps its cache; otherwise ~/.cache/torch
//
// hub knows no model and no format: what a file means is said by others.
package hub
