// Command classify names what is in images, several at a time:
//
//	go run ./examples/classify MODEL.pth IMAGES
//
// One session serves all goroutines, as it would those of a server: it is immutable, and
// each run takes the memory that it needs. IMAGES is a folder, an archive or an IDX file.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"sync"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
)

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("two arguments are needed: MODEL.pth IMAGES")
	}
	model, err := octet.Open(args[0])
	if err != nil {
		return err
	}
	// With a goroutine for each core, a run of one thread wastes no time on sharing work.
	session, err := model.Compile(octet.WithThreads(1))
	if err != nil {
		return err
	}
	images, err := dataset.Open(args[1], dataset.WithoutClasses())
	if err != nil {
		return err
	}
	defer images.Close()

	lines := make([]string, images.Len())
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				lines[i] = classify(ctx, session, images, i)
			}
		})
	}
	for i := range lines {
		next <- i
	}
	close(next)
	workers.Wait()
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
	return nil
}

// classify says what image i shows, or why it could not be read.
func classify(ctx context.Context, session *octet.Session, images dataset.Source, i int) string {
	sample, err := images.At(ctx, i)
	if err != nil {
		return err.Error()
	}
	top, err := session.ClassifyPixels(ctx, sample.Image, 1)
	if err != nil {
		return fmt.Sprintf("%s: %v", sample.Name, err)
	}
	return fmt.Sprintf("%s: %s, %.0f %%", sample.Name, top[0].Label, 100*top[0].Probability)
}
