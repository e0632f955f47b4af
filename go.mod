module github.com/octet-ml/octet

go 1.26
