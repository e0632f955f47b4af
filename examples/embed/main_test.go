package main

import (
	"encoding/json"
	"flag"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
)

var update = flag.Bool("update", false, "write the encoder of the tests")

const (
	encoder = "testdata/encoder.onnx"
	words   = "testdata/tokenizer.json"
)

// Vectors have length 1, do not depend on what else is embedded, and are those of the words, not of
// their case.
func TestEmbed(t *testing.T) {
	if *update {
		writeEncoder(t)
	}
	e, err := NewEmbedder(encoder, words, 16)
	if err != nil {
		t.Fatal(err)
	}
	const rounding = 1e-5 // of a sum of squares in float32
	texts := []string{"A cat sleeps.", "the dog runs", "a CAT sleeps .", "unknown words", "cat"}
	vectors, err := e.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range vectors {
		if one := Cosine(v, v); math.Abs(float64(one-1)) > rounding {
			t.Errorf("%q: its vector has the length %v", texts[i], one)
		}
		alone, err := e.Embed(t.Context(), texts[i:i+1])
		if err != nil {
			t.Fatal(err)
		}
		if c := Cosine(alone[0], v); c < 0.99999 {
			t.Errorf("%q: alone its vector is another one, cosine %v", texts[i], c)
		}
	}
	if c := Cosine(vectors[0], vectors[2]); c < 0.99999 {
		t.Errorf("the same words have the cosine %v", c)
	}
	for _, i := range []int{1, 3} {
		if c := Cosine(vectors[0], vectors[i]); c > 0.9 {
			t.Errorf("%q and %q have the cosine %v", texts[0], texts[i], c)
		}
	}
}

// Words that the vocabulary lacks are put together of pieces, and a long text is cut.
func TestTokens(t *testing.T) {
	e, err := NewEmbedder(encoder, words, 4)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]int{"cats sleep": {2, 5, 6, 3}, "cat cat cat cat": {2, 5, 5, 3}, "": {2, 3}, "zebra": {2, 1, 3}} {
		got, err := e.words.EncodeSingle(text, true)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Ids) != len(want) {
			t.Errorf("%q: tokens %v, want %v", text, got.Ids, want)
			continue
		}
		for i, id := range want {
			if got.Ids[i] != id {
				t.Errorf("%q: tokens %v, want %v", text, got.Ids, want)
				break
			}
		}
	}
}

// The int8 encoder gives nearly the same.
func TestEmbedInt8(t *testing.T) {
	float, err := octet.Open(encoder)
	if err != nil {
		t.Fatal(err)
	}
	int8, _, err := octet.QuantizeDynamic(float)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "int8.onnx")
	if _, err := int8.SaveONNX(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	texts := []string{"a cat sleeps", "the dog runs"}
	var vectors [2][][]float32
	for i, file := range []string{encoder, path} {
		e, err := NewEmbedder(file, words, 16)
		if err == nil {
			vectors[i], err = e.Embed(t.Context(), texts)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, v := range vectors[0] {
		if c := Cosine(v, vectors[1][i]); c < 0.99 {
			t.Errorf("%q: the int8 encoder has the cosine %v", texts[i], c)
		}
	}
}

func TestServe(t *testing.T) {
	e, err := NewEmbedder(encoder, words, 16)
	if err != nil {
		t.Fatal(err)
	}
	for body, status := range map[string]int{
		`{"texts": ["a cat", "a dog"]}`: http.StatusOK, `{"texts": []}`: http.StatusBadRequest, `cat`: http.StatusBadRequest,
	} {
		w := httptest.NewRecorder()
		handler(e).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/embed", strings.NewReader(body)))
		if w.Code != status {
			t.Errorf("%s: status %d, want %d: %s", body, w.Code, status, w.Body)
		}
		if status != http.StatusOK {
			continue
		}
		var answer struct {
			Embeddings [][]float32
			Cosines    []float32
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || len(answer.Embeddings) != 2 || len(answer.Cosines) != 2 {
			t.Errorf("%s: %v, %s", body, err, w.Body)
		}
	}
	if _, err := NewEmbedder(words, words, 16); err == nil {
		t.Error("a tokenizer is taken for an encoder")
	}
	if _, err := NewEmbedder(encoder, "testdata/none.json", 16); err == nil {
		t.Error("there is no such tokenizer")
	}
}
