package serve

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"
	"sync/atomic"
)

// Tokens let clients in that know one of them. nil lets in all. It is safe for concurrent use.
type Tokens struct {
	sums atomic.Pointer[[][sha256.Size]byte]
}

// NewTokens takes tokens; without one nobody is let in.
func NewTokens(tokens ...string) *Tokens {
	t := &Tokens{}
	t.Set(tokens...)
	return t
}

// Set puts others in the place of the tokens.
func (t *Tokens) Set(tokens ...string) {
	sums := make([][sha256.Size]byte, 0, len(tokens))
	for _, text := range tokens {
		sums = append(sums, sha256.Sum256([]byte(text)))
	}
	t.sums.Store(&sums)
}

// Allow reports whether an Authorization header, "Bearer TOKEN", has one of the tokens. How
// long it takes does not depend on how much of a token is right.
func (t *Tokens) Allow(authorization string) bool {
	if t == nil {
		return true
	}
	scheme, token, _ := strings.Cut(authorization, " ")
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	allowed := 0
	for _, s := range *t.sums.Load() {
		allowed |= subtle.ConstantTimeCompare(s[:], sum[:])
	}
	return allowed == 1 && strings.EqualFold(scheme, "Bearer")
}
