package hub

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Options tune Fetch. The zero value takes everything from the environment, and
// where that says nothing, the defaults named here.
type Options struct {
	// Cache is the folder that files are kept in. Empty: $OCTET_CACHE, else octet
	// in os.UserCacheDir.
	Cache string
	// BaseURL takes the place of scheme and host of every URL:
	// https://mirror.example/pytorch serves https://download.pytorch.org/models/x.pth
	// as https://mirror.example/pytorch/models/x.pth. Empty: $OCTET_BASE_URL, else
	// none.
	BaseURL string
	// Offline forbids downloads. $OCTET_OFFLINE does too.
	Offline bool
	// NoTorchCache leaves PyTorch's cache alone.
	NoTorchCache bool

	// Progress is called with the bytes of the file received so far, those of earlier
	// attempts included; total is -1 if the server does not say. It is called from
	// Fetch's goroutine, often.
	Progress func(done, total int64)
	// Logger receives what Fetch decides on the way: retries, files that it passes
	// over. If nil, nothing is logged.
	Logger *slog.Logger

	// MaxBytes bounds the size of a file. 0: 4 GiB.
	MaxBytes int64
	// Retries is how often a download is taken up again that gets nowhere: after a
	// cut connection, a 5xx, 408 or 429 answer, or silence. An attempt that brings
	// the file forward does not count. 0: 5; negative: none.
	Retries int
	// Backoff is the wait before the first retry; it doubles each time, up to 30
	// seconds. 0: one second.
	Backoff time.Duration
	// Silence is how long a server may send nothing. 0: one minute.
	Silence time.Duration
	// Client makes the requests; its CheckRedirect and Timeout are not used. Nil:
	// http.DefaultClient, which heeds HTTPS_PROXY.
	Client *http.Client
}

const (
	defaultMaxBytes = 4 << 30
	defaultRetries  = 5
	defaultBackoff  = time.Second
	longestBackoff  = 30 * time.Second
	defaultSilence  = time.Minute
)

// complete fills in the environment and the defaults.
func (o Options) complete() (Options, error) {
	var err error
	if o.Cache, err = cacheFolder(o.Cache); err != nil {
		return o, err
	}
	if text := os.Getenv("OCTET_OFFLINE"); text != "" && !o.Offline {
		if o.Offline, err = strconv.ParseBool(text); err != nil {
			return o, fmt.Errorf("OCTET_OFFLINE is %q: use 1 or 0", text)
		}
	}
	if o.BaseURL == "" {
		o.BaseURL = os.Getenv("OCTET_BASE_URL")
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Retries == 0 {
		o.Retries = defaultRetries
	}
	if o.Backoff <= 0 {
		o.Backoff = defaultBackoff
	}
	if o.Silence <= 0 {
		o.Silence = defaultSilence
	}
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(int64, int64) {}
	}
	return o, nil
}

// cacheFolder is the folder that given, the environment or the system names.
func cacheFolder(given string) (string, error) {
	if given == "" {
		given = os.Getenv("OCTET_CACHE")
	}
	if given != "" {
		return filepath.Abs(given)
	}
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("there is no folder to keep downloads in (%w): set OCTET_CACHE to one", err)
	}
	return filepath.Join(folder, "octet"), nil
}

// torchFolders lists where PyTorch keeps downloaded weights, as torch.hub
// chooses them, most specific first.
func torchFolders() []string {
	var folders []string
	add := func(home string, more ...string) {
		if home == "" {
			return
		}
		folder := filepath.Join(append([]string{home}, more...)...)
		for _, f := range folders {
			if f == folder {
				return
			}
		}
		folders = append(folders, folder)
	}
	user, err := os.UserHomeDir()
	if err != nil {
		user = ""
	}
	torch := os.Getenv("TORCH_HOME")
	if rest, ok := strings.CutPrefix(torch, "~/"); ok && user != "" {
		torch = filepath.Join(user, rest)
	}
	add(torch, "hub", "checkpoints")
	add(os.Getenv("XDG_CACHE_HOME"), "torch", "hub", "checkpoints")
	add(user, ".cache", "torch", "hub", "checkpoints")
	return folders
}

// target is the URL to ask for: the original one, or the mirror's.
func target(original, base string) (*url.URL, error) {
	u, err := parseURL(original)
	if err != nil || base == "" {
		return u, err
	}
	b, err := parseURL(base)
	if err != nil {
		return nil, fmt.Errorf("base URL: %w", err)
	}
	if b.RawQuery != "" || b.Fragment != "" {
		return nil, fmt.Errorf("base URL %s: it must end before ? and #", b.Redacted())
	}
	mirrored := b.JoinPath(u.EscapedPath())
	mirrored.RawQuery = u.RawQuery
	return mirrored, nil
}

func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, err // names the URL
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("URL %q: http:// or https:// and a host are expected", u.Redacted())
	}
	return u, nil
}
