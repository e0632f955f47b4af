module github.com/octet-ml/octet/internal/kernel/_asm

go 1.26
