# r.R - plays the scenario of the hosts with RSQLite; see ../player.py.
#
#   Rscript r.R EXTENSION DATABASE SCENARIO

library(DBI)

arguments <- commandArgs(trailingOnly = TRUE)
extension <- arguments[1]
database <- arguments[2]
scenario <- arguments[3]
locale <- Sys.setlocale("LC_CTYPE", "C.UTF-8")

db <- dbConnect(RSQLite::SQLite(), database, loadable.extensions = TRUE)
loaded <- dbGetQuery(db, "SELECT load_extension(?)", params = list(extension))
cat("host: R ", as.character(getRversion()), ", RSQLite ", as.character(packageVersion("RSQLite")), ", SQLite ",
    dbGetQuery(db, "SELECT sqlite_version()")[[1]], "\n", sep = "")

play <- function(sql, bound) {
  result <- dbSendQuery(db, sql, params = if (length(bound)) bound)
  on.exit(dbClearResult(result))
  if (nrow(dbColumnInfo(result)) == 0) return(invisible())
  rows <- dbFetch(result)
  for (i in seq_len(nrow(rows))) {
    shown <- vapply(rows[i, ], function(value) if (is.na(value)) "" else format(value, scientific = FALSE), "")
    cat("row: ", paste(shown, collapse = "|"), "\n", sep = "")
  }
}

text <- paste0(readLines(scenario, encoding = "UTF-8"), "\n", collapse = "")
for (block in strsplit(text, "(?m)^--\n", perl = TRUE)[[1]]) {
  lines <- strsplit(block, "\n")[[1]]
  binds <- sub("^-- bind: ", "", grep("^-- bind: ", lines, value = TRUE))
  bound <- lapply(binds, function(value) if (grepl("^[0-9]+$", value)) as.numeric(value) else value)
  sql <- paste(grep("^--", lines, value = TRUE, invert = TRUE), collapse = "\n")
  if (trimws(sql) == "") next
  tryCatch(play(sql, bound), error = function(error) cat("refused: - ", conditionMessage(error), "\n", sep = ""))
  cat("--\n")
}
dbDisconnect(db)
cat("closed\n")
