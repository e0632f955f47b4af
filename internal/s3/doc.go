// Package s3 reads objects of Amazon S3 and of stores with its interface (MinIO, Ceph, R2, GCS),
// from any byte on. Endpoint, region and credentials are those that AWS's own tools take from
// the environment.
//
// It must not know what the objects hold.
package s3
