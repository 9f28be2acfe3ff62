//go:build programs

// Package box names the programs that the test box builds; `go install` refuses modules with replace lines.
package box

import (
	_ "github.com/docker/buildx/cmd/buildx"
	_ "github.com/moby/buildkit/cmd/buildctl"
	_ "github.com/moby/buildkit/cmd/buildkitd"
)
