// Command embed serves sentence embeddings over HTTP:
//
//	go run . -model minilm.onnx -tokenizer tokenizer.json
//	curl -d '{"texts": ["a cat sleeps", "a dog runs"]}' localhost:8080/embed
//
// The answer has a vector of length 1 for each text, and the cosine of each with the first one.
// The encoder may be a float one or what `octet quantize --dynamic` made of it.
package main

import (
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"time"
)

// mostTexts and mostBytes bound a request.
const (
	mostTexts = 256
	mostBytes = 1 << 20
)

func main() {
	log.SetFlags(0)
	model := flag.String("model", "minilm.onnx", "the encoder, `FILE`.onnx or .pt2")
	words := flag.String("tokenizer", "tokenizer.json", "its tokenizer, `FILE`.json")
	most := flag.Int("tokens", 256, "tokens of a text that are read")
	listen := flag.String("listen", "localhost:8080", "`ADDRESS` to serve on")
	flag.Parse()
	e, err := NewEmbedder(*model, *words, *most)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("serving on http://%s/embed", *listen)
	server := http.Server{Addr: *listen, Handler: handler(e), ReadTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}

// handler answers {"texts": [...]} at POST /embed.
func handler(e *Embedder) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /embed", func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Texts []string }
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostBytes)).Decode(&request); err != nil {
			http.Error(w, `{"texts": [...]} is expected: `+err.Error(), http.StatusBadRequest)
			return
		}
		if n := len(request.Texts); n == 0 || n > mostTexts {
			http.Error(w, "1 to 256 texts are expected", http.StatusBadRequest)
			return
		}
		vectors, err := e.Embed(r.Context(), request.Texts)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer := struct {
			Embeddings [][]float32 `json:"embeddings"`
			Cosines    []float32   `json:"cosines"`
		}{Embeddings: vectors}
		for _, v := range vectors {
			answer.Cosines = append(answer.Cosines, Cosine(vectors[0], v))
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			log.Print(err)
		}
	})
	return mux
}
