// Package atomicfile writes files so that a reader, or a machine that lost
// power, sees the old content or the new one and never a part. It must
// not know what the files hold.
package atomicfile
