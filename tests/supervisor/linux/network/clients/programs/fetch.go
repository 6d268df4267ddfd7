// Fetches each URL that it is given; the first one also twenty times at once.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
)

func fetch(url string) string {
	answer, err := http.Get(url)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func main() {
	urls := os.Args[1:]
	first := fetch(urls[0])
	var group sync.WaitGroup
	for number := 0; number < 20; number++ {
		group.Add(1)
		go func() {
			defer group.Done()
			if found := fetch(urls[0]); found != first {
				fmt.Println("at once:", found)
			}
		}()
	}
	group.Wait()
	fmt.Println(first)
	for _, url := range urls[1:] {
		fmt.Println(fetch(url))
	}
}
