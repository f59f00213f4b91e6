//go:build js

package fetch

import "syscall/js"

// Do sends a request to the page's own server and calls done once with the answer. body is JSON, or "" for none; etag goes into
// If-Match, unless it is empty.
func Do(method, path, body, etag string, done func(Answer)) {
	headers := map[string]any{"Accept": "application/json"}
	options := map[string]any{"method": method, "credentials": "same-origin", "cache": "no-store"}
	if body != "" {
		headers["Content-Type"] = "application/json"
		options["body"] = body
	}
	if etag != "" {
		headers["If-Match"] = etag
	}
	options["headers"] = headers

	var a Answer
	var onHead, onBody, onFault js.Func
	end := func(a Answer) {
		onHead.Release()
		onBody.Release()
		onFault.Release()
		done(a)
	}
	onHead = js.FuncOf(func(_ js.Value, args []js.Value) any {
		r := args[0]
		a.Status = r.Get("status").Int()
		if tag := r.Get("headers").Call("get", "ETag"); tag.Type() == js.TypeString {
			a.ETag = tag.String()
		}
		return r.Call("text")
	})
	onBody = js.FuncOf(func(_ js.Value, args []js.Value) any {
		a.Body = args[0].String()
		end(a)
		return nil
	})
	onFault = js.FuncOf(func(js.Value, []js.Value) any {
		end(Answer{})
		return nil
	})
	js.Global().Call("fetch", path, options).Call("then", onHead).Call("then", onBody, onFault)
}
