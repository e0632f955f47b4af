package shell

import "strings"

// plain are the characters, beside letters and digits, that no shell looks into.
const plain = "_./:=@%+,-"

// Quote quotes a word where that is needed.
func Quote(word string) string {
	if word != "" && !strings.ContainsFunc(word, isSpecial) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func isSpecial(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	return !letter && !strings.ContainsRune(plain, r)
}
