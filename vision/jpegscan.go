package vision

import (
	"encoding/binary"
	"errors"
)

// jpegHead is what decides how the components of a JPEG are to be understood.
type jpegHead struct {
	components     int
	ratioX, ratioY int  // of the first to the second component
	adobe          int  // offset of the transform byte of Adobe's marker, 0 without one
	transform      byte // Adobe's: 0 none, 1 YCbCr, 2 YCCK
}

// scanJPEG reads the markers up to the frame header.
func scanJPEG(b []byte) (jpegHead, error) {
	head := jpegHead{ratioX: 1, ratioY: 1}
	for i := 2; i+4 <= len(b); {
		if b[i] != 0xff || b[i+1] == 0xff { // padding, or rubbish that decoders skip
			i++
			continue
		}
		marker := b[i+1]
		if marker == 0 || marker == 1 || marker >= 0xd0 && marker <= 0xd8 { // no segment follows
			i += 2
			continue
		}
		size := int(binary.BigEndian.Uint16(b[i+2:]))
		end := i + 2 + size
		if size < 2 || end > len(b) {
			break
		}
		payload := b[i+4 : end]
		switch {
		case marker == 0xee && len(payload) >= 12 && string(payload[:5]) == "Adobe":
			head.adobe = i + 4 + 11
			head.transform = payload[11]
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			if len(payload) < 6 || len(payload) < 6+3*int(payload[5]) {
				return head, errors.New("short frame header")
			}
			head.components = int(payload[5])
			if head.components > 1 {
				head.ratioX = samplingRatio(payload[7]>>4, payload[10]>>4)
				head.ratioY = samplingRatio(payload[7]&15, payload[10]&15)
			}
			return head, nil
		}
		i = end
	}
	return head, errors.New("no frame header")
}

// samplingRatio is 1 where the factors make no sense; the decoder then refuses
// the file.
func samplingRatio(first, second byte) int {
	if second == 0 || first < second {
		return 1
	}
	return int(first / second)
}
