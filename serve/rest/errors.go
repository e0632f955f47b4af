package rest

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/octet-ml/octet/serve"
)

// statuses are those of HTTP for kinds of errors.
var statuses = map[serve.Code]int{
	serve.Internal: http.StatusInternalServerError, serve.Invalid: http.StatusBadRequest, serve.NotFound: http.StatusNotFound,
	serve.Unavailable: http.StatusServiceUnavailable, serve.Exhausted: http.StatusTooManyRequests,
	serve.TooLarge: http.StatusRequestEntityTooLarge, serve.Deadline: http.StatusGatewayTimeout,
	serve.Canceled: 499, serve.Unimplemented: http.StatusNotImplemented, serve.Forbidden: http.StatusForbidden,
}

// fail answers with an error, as the protocol has them: {"error": "..."}.
func fail(w http.ResponseWriter, err error) {
	var slow *slowError
	if errors.As(err, &slow) {
		failWith(w, http.StatusRequestTimeout, err.Error())
		return
	}
	e := serve.AsError(err)
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(float64(e.RetryAfter)/float64(time.Second)))))
	}
	failWith(w, statuses[e.Code], e.Message)
}

// refuse is fail for a request whose body has not been read. A body of usual size is taken and
// not looked at: net/http would close the connection, and clients that come again soon would need
// a new one each time.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	const usual = 4 << 20 // bytes
	if r.ContentLength <= usual {
		pieces, done := inPieces(r, r.Body)
		discard(io.LimitReader(pieces, usual))
		done()
	}
	fail(w, err)
}

// rubbish has memory for bytes that are not looked at, *[largePiece]byte.
var rubbish = sync.Pool{New: func() any { return new([largePiece]byte) }}

// discard reads to the end or an error. It takes more at a time than io.Discard.
func discard(r io.Reader) {
	b := rubbish.Get().(*[largePiece]byte)
	defer rubbish.Put(b)
	for {
		if _, err := r.Read(b[:]); err != nil {
			return
		}
	}
}

func failWith(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"error": message})
}

// answer writes a document.
func answer(w http.ResponseWriter, status int, document any) {
	text, err := json.Marshal(document)
	if err != nil { // documents here hold what JSON has
		status, text = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be written as JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(text, '\n'))
}
