package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/octet-ml/octet"
)

// What opening a damaged file may take: time, and bytes of all that is allocated.
const (
	patience = time.Second
	most     = 256 << 20
)

// words are what damage changes in records of text: numbers, names, literals.
var words = regexp.MustCompile(`-?\b\d+\b|"[A-Za-z_][A-Za-z_0-9.]*"|[A-Za-z_][A-Za-z_0-9]*`)

// odd are words that may stand in another's place.
var odd = []string{"0", "-1", "7", "2147483647", "-9223372036854775808", "9223372036854775807", "1000000000", "null", "true", `"x"`, "[]", "{}", "1e300"}

// place is what an error says of where the damage is, beside the file.
var place = regexp.MustCompile(`node|record|line |weight|input|key |value|entry|zip|output|tensor|operator|\bdata`)

// damaged opens files of the archives in a folder, half of them programs, with damage drawn from a seed:
// records that are cut, gone, or of which a byte or a word is another.
func damaged(folder string, only []string) error {
	if len(only) != 2 {
		return errors.New("usage: pt2 -damaged pt2/testdata COUNT SEED")
	}
	count, err := strconv.Atoi(only[0])
	if err != nil {
		return err
	}
	seed, err := strconv.ParseUint(only[1], 10, 64)
	if err != nil {
		return err
	}
	var kinds [2][]record // programs and TorchScript
	for _, name := range []string{"networks.zip", "quantized.zip", "scripts.zip"} {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		files, err := recordsOf(data)
		if err != nil {
			return err
		}
		for _, f := range files {
			switch filepath.Ext(f.name) {
			case ".pt2":
				kinds[0] = append(kinds[0], f)
			case ".pt":
				kinds[1] = append(kinds[1], f)
			}
		}
	}
	r := rand.New(rand.NewPCG(seed, 0))
	opened, wrong := 0, 0
	for i := range count {
		list := kinds[i%2]
		file := list[r.IntN(len(list))]
		data, what, err := damage(r, file.data)
		if err != nil {
			return err
		}
		complaint, err := judged(file.name, data)
		if err == nil {
			opened++
		}
		if complaint != "" {
			wrong++
			fmt.Printf("%s, %s: %s\n", file.name, what, complaint)
		}
	}
	fmt.Printf("%d files: %d are read all the same, %d refused, %d wrong\n", count, opened, count-opened, wrong)
	if wrong > 0 {
		return errors.New("not every damaged file is refused as it should be")
	}
	return nil
}

type record struct {
	name string
	data []byte
}

func recordsOf(data []byte) ([]record, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	var list []record
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		list = append(list, record{f.Name, content})
	}
	return list, nil
}

// damage returns a damaged copy of an archive, and what was done.
func damage(r *rand.Rand, data []byte) (made []byte, what string, err error) {
	data = bytes.Clone(data)
	flip := func(in []byte) {
		for range min(len(in), 1+r.IntN(5)) {
			in[r.IntN(len(in))] = byte(r.IntN(256))
		}
	}
	switch r.IntN(10) {
	case 0:
		return data[:r.IntN(len(data))], "cut off", nil
	case 1:
		flip(data)
		return data, "other bytes", nil
	}
	list, err := recordsOf(data)
	if err != nil {
		return nil, "", err
	}
	isText := func(name string) bool { return slices.Contains([]string{".json", ".py"}, filepath.Ext(name)) }
	at := r.IntN(len(list))
	for !isText(list[at].name) && !strings.HasSuffix(list[at].name, ".pkl") && r.IntN(6) > 0 { // mostly what says how to read the rest
		at = r.IntN(len(list))
	}
	one := &list[at]
	what = "record " + one.name
	switch k := r.IntN(8); {
	case k == 0:
		list = slices.Delete(list, at, at+1)
		what += " gone"
	case k == 1:
		one.data = one.data[:r.IntN(len(one.data)+1)]
		what += " cut off"
	case isText(one.name):
		places := words.FindAllIndex(one.data, -1)
		if len(places) == 0 {
			break
		}
		from, with := places[r.IntN(len(places))], odd[r.IntN(len(odd))]
		if other := places[r.IntN(len(places))]; r.IntN(2) == 0 {
			with = string(one.data[other[0]:other[1]])
		}
		what += fmt.Sprintf(" with %s for %s at %d", with, one.data[from[0]:from[1]], from[0])
		one.data = slices.Concat(one.data[:from[0]], []byte(with), one.data[from[1]:])
	default:
		flip(one.data)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range list {
		to, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Store})
		if err != nil {
			return nil, "", err
		}
		if _, err := to.Write(f.data); err != nil {
			return nil, "", err
		}
	}
	err = w.Close()
	return out.Bytes(), what, err
}

// judged opens a file and compiles its model, and says what is wrong with how that ended.
func judged(name string, data []byte) (complaint string, err error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	defer func() {
		if p := recover(); p != nil {
			complaint = fmt.Sprintf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	m, err := octet.Read(bytes.NewReader(data), int64(len(data)), name)
	if err == nil {
		_, err = m.Compile(octet.WithThreads(1))
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	switch n := after.TotalAlloc - before.TotalAlloc; {
	case took > patience:
		complaint = fmt.Sprintf("it took %v: %v", took, err)
	case n > most:
		complaint = fmt.Sprintf("%d MB: %v", n>>20, err)
	case err == nil:
	case !strings.Contains(err.Error(), name):
		complaint = "the error does not name the file: " + err.Error()
	case !place.MatchString(strings.ReplaceAll(err.Error(), name, "")):
		complaint = "the error names no node and no record: " + err.Error()
	}
	return complaint, err
}
