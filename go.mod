module github.com/octet-ml/octet

go 1.26.0

require golang.org/x/image v0.47.0

require github.com/google/go-cmp v0.7.0
