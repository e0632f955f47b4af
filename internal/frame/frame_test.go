package frame_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/octet-ml/octet/internal/frame"
	"github.com/octet-ml/octet/internal/testseed"
)

type header struct {
	ID   int    `json:"id"`
	Text string `json:"text,omitempty"`
}

func TestRoundTrip(t *testing.T) {
	random := testseed.Rand(t)
	var stream bytes.Buffer
	w := frame.NewWriter(&stream)
	var want [][]byte
	for i := range 50 {
		payload := make([]byte, random.IntN(70_000))
		for j := range payload {
			payload[j] = byte(random.Uint32())
		}
		if i%7 == 0 {
			payload = nil
		}
		at := random.IntN(len(payload) + 1) // a payload may come in parts
		if err := w.Write(header{i, strings.Repeat("ä", random.IntN(3000))}, payload[:at], payload[at:]); err != nil {
			t.Fatal(err)
		}
		want = append(want, payload)
	}
	for name, from := range map[string]io.Reader{
		"whole": bytes.NewReader(stream.Bytes()), "halves": iotest.HalfReader(bytes.NewReader(stream.Bytes())),
		"with the error": iotest.DataErrReader(bytes.NewReader(stream.Bytes())),
	} {
		r := frame.NewReader(from)
		for i, payload := range want {
			var h header
			n, err := r.Next(&h)
			if err != nil || h.ID != i || n != len(payload) {
				t.Fatalf("%s, frame %d: header %d, %d bytes, %v; want %d bytes", name, i, h.ID, n, err, len(payload))
			}
			if i%3 == 0 {
				continue // a payload that nobody wants is skipped
			}
			got, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(got, payload) {
				t.Fatalf("%s, frame %d: payload differs (%v)", name, i, err)
			}
		}
		if _, err := r.Next(new(header)); err != io.EOF {
			t.Errorf("%s: at the end: %v", name, err)
		}
	}
}

func TestWriterIsSafeForConcurrentUse(t *testing.T) {
	var stream bytes.Buffer
	w := frame.NewWriter(&stream)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 20 {
				if err := w.Write(header{ID: i}, bytes.Repeat([]byte{byte(i)}, 40_000)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	r := frame.NewReader(&stream)
	for range 8 * 20 {
		var h header
		if _, err := r.Next(&h); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || len(got) != 40_000 || bytes.Count(got, []byte{byte(h.ID)}) != len(got) {
			t.Fatalf("the payload of %d is mixed up (%d bytes, %v)", h.ID, len(got), err)
		}
	}
}

// raw makes a frame with any lengths.
func raw(magic string, headerSize, payloadSize uint32, rest string) string {
	b := []byte(magic)
	b = binary.LittleEndian.AppendUint32(b, headerSize)
	b = binary.LittleEndian.AppendUint32(b, payloadSize)
	return string(b) + rest
}

func TestReaderRefuses(t *testing.T) {
	for name, c := range map[string]struct{ stream, says string }{
		"other text":     {"Welcome to my shell\n", `found "Welc"`},
		"large header":   {raw("OCT1", frame.MaxHeader+1, 0, ""), "at most 1048576"},
		"large payload":  {raw("OCT1", 2, frame.MaxPayload+1, "{}"), "at most 1048576 and 1073741824"},
		"broken header":  {raw("OCT1", 5, 0, `{"id"`), "header of a frame"},
		"header of text": {raw("OCT1", 3, 0, `"a"`), "header of a frame"},
	} {
		_, err := frame.NewReader(strings.NewReader(c.stream)).Next(new(header))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v does not say %q", name, err, c.says)
		}
	}
}

func TestCutStream(t *testing.T) {
	whole := raw("OCT1", 2, 6, "{}abcdef")
	for n := 1; n < len(whole); n++ {
		r := frame.NewReader(strings.NewReader(whole[:n]))
		_, err := r.Next(new(header))
		if err == nil {
			_, err = io.ReadAll(r)
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
		r = frame.NewReader(strings.NewReader(whole[:n]))
		if _, err = r.Next(new(header)); err == nil {
			_, err = r.Next(new(header)) // skips
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut after %d bytes, skipping: %v", n, err)
		}
	}
}

func TestLyingLengthsAllocateLittle(t *testing.T) {
	stream := raw("OCT1", 2, frame.MaxPayload, "{}abc")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := frame.NewReader(strings.NewReader(stream))
	if _, err := r.Next(new(header)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(new(header)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes are allocated for a frame of %d", n, len(stream))
	}
}

func TestWriterRefusesWhatReadersWould(t *testing.T) {
	var stream bytes.Buffer
	err := frame.NewWriter(&stream).Write(header{Text: strings.Repeat("x", frame.MaxHeader)})
	if err == nil || stream.Len() > 0 {
		t.Errorf("error %v, %d bytes written", err, stream.Len())
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(raw("OCT1", 2, 3, "{}abc")))
	f.Add([]byte(raw("OCT1", 13, 0, `{"text":"ab"}`) + raw("OCT1", 8, 1, `{"id":7}x`)))
	f.Add([]byte(raw("OCT1", 1<<31, 1<<31, "")))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := frame.NewReader(bytes.NewReader(b))
		var again bytes.Buffer
		w := frame.NewWriter(&again)
		frames := 0
		for {
			var h header
			n, err := r.Next(&h)
			if err != nil {
				break
			}
			payload, err := io.ReadAll(r)
			if err != nil {
				break
			}
			if len(payload) != n {
				t.Fatalf("a payload of %d bytes was announced with %d", len(payload), n)
			}
			if err := w.Write(h, payload); err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
			frames++
		}
		r = frame.NewReader(&again)
		for range frames {
			if _, err := r.Next(new(header)); err != nil {
				t.Fatalf("what was written cannot be read: %v", err)
			}
		}
	})
}
