package octet

import (
	"bytes"
	"testing"
)

func FuzzReadCalibration(f *testing.F) {
	f.Add([]byte(`{"octet_statistics":2,"complete":true,"batch_size":2,"data":{"settings":{"crop":"[2,2]"},"samples":["00112233445566778899aabbccddeeff 9 -1 a b.png"]},"stats":{"format":1,"images":1}}`))
	f.Add([]byte(`{"octet_statistics":1}`))
	f.Add([]byte(`{"octet_statistics":2,"stats":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ReadCalibration(bytes.NewReader(b))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := s.Write(&out); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := ReadCalibration(&out); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte(`{"octet":1,"arch":"resnet18","labels":["a"],"preset":{"channels":1,"mean":[0.5],"std":[1]}}`))
	f.Add([]byte(`{"octet":7}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMetadata("file", b)
		if err != nil {
			return
		}
		record, err := m.encode()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := parseMetadata("file", record); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}
