// go.go - plays the scenario of the hosts with mattn/go-sqlite3; see ../player.py.
//
//	play EXTENSION DATABASE SCENARIO
//
// A pool of connections would be several clocks and holds, so it is held to one.
package main

import (
	"database/sql"
	"fmt"
	"log"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	sqlite3 "github.com/mattn/go-sqlite3"
)

var (
	blocks   = regexp.MustCompile(`(?m)^--\n`)
	comments = regexp.MustCompile(`(?m)^--.*\n`)
	binds    = regexp.MustCompile(`(?m)^-- bind: (.*)$`)
)

func play(db *sql.DB, query string, bound []any) error {
	rows, err := db.Query(query, bound...)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]sql.NullString, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		texts := make([]string, len(values))
		for i, value := range values {
			texts[i] = value.String
		}
		fmt.Printf("row: %s\n", strings.Join(texts, "|"))
	}
	return rows.Err()
}

func main() {
	extension, database, scenario := os.Args[1], os.Args[2], os.Args[3]
	sql.Register("tenure", &sqlite3.SQLiteDriver{Extensions: []string{extension}})
	db, err := sql.Open("tenure", database)
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	version, _, _ := sqlite3.Version()
	fmt.Printf("host: Go %s, SQLite %s\n", strings.TrimPrefix(runtime.Version(), "go"), version)

	text, err := os.ReadFile(scenario)
	if err != nil {
		log.Fatal(err)
	}
	for _, block := range blocks.Split(string(text), -1) {
		query := comments.ReplaceAllString(block, "")
		if strings.TrimSpace(query) == "" {
			continue
		}
		var bound []any
		for _, match := range binds.FindAllStringSubmatch(block, -1) {
			if number, err := strconv.Atoi(match[1]); err == nil {
				bound = append(bound, number)
			} else {
				bound = append(bound, match[1])
			}
		}
		if err := play(db, query, bound); err != nil {
			refusal, ok := err.(sqlite3.Error)
			if !ok {
				log.Fatal(err)
			}
			fmt.Printf("refused: %d %s\n", refusal.ExtendedCode, refusal)
		}
		fmt.Println("--")
	}
	if err := db.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("closed")
}
