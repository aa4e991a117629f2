# Counts the lines of an access log in the "combined" format of nginx and Apache, by status and by source, in two
# windows: 0 is the 30 days up to `today`, 1 the 30 days before. Days are counted from 1970-01-01, in the time
# zone that the log is written in. Prints `lines`, `unparsed`, `oldest`, `newest`, `status WINDOW CLASS COUNT`,
# `sources WINDOW COUNT` and `source COUNT COUNT-BEFORE SOURCE`, at last `end`.
function days(year, month, day, era, of_era, of_year) {
  # Days from civil, with years that begin in March.
  if (month <= 2) year--
  era = int(year / 400)
  of_era = year - era * 400
  of_year = int((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return era * 146097 + of_era * 365 + int(of_era / 4) - int(of_era / 100) + of_year - 719468
}
BEGIN {
  split("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", names, " ")
  for (i = 1; i <= 12; i++) months[names[i]] = i
  # Sources beyond this number are counted together, so that the memory stays bounded.
  most = 200000
  shown = 5
  oldest = -1
  newest = -1
}
{
  lines++
  if (!match($0, /\[[0-9][0-9]\/[A-Z][a-z][a-z]\/[0-9][0-9][0-9][0-9]:/)) { unparsed++; next }
  date = substr($0, RSTART + 1, 11)
  month = months[substr(date, 4, 3)]
  # Quotes within a field are written as \x22 or \".
  rest = substr($0, RSTART)
  gsub(/\\"/, "", rest)
  split(rest, quoted, "\"")
  split(quoted[3], after, " ")
  status = after[1]
  if (month == "" || status !~ /^[1-5][0-9][0-9]$/) { unparsed++; next }
  day = days(substr(date, 8, 4) + 0, month, substr(date, 1, 2) + 0)
  if (oldest < 0 || day < oldest) oldest = day
  if (day > newest) newest = day
  age = today - day
  # One day ahead is another time zone.
  if (age < -1 || age >= 60) next
  window = age >= 30 ? 1 : 0
  count[window, substr(status, 1, 1)]++
  source = $1
  if (!((source) in known)) {
    if (total >= most) { other[window]++; next }
    known[source] = 1
    total++
  }
  if (!((window, source) in by)) sources[window]++
  by[window, source]++
}
END {
  print "lines", lines + 0
  print "unparsed", unparsed + 0
  print "oldest", oldest
  print "newest", newest
  for (window = 0; window <= 1; window++) {
    for (class = 1; class <= 5; class++)
      if ((window, class) in count) print "status", window, class, count[window, class]
    print "sources", window, sources[window] + 0
    if (other[window] > 0) print "other", window, other[window]
  }
  for (i = 0; i < shown; i++) {
    best = ""
    for (source in known)
      if ((0, source) in by && !(source in printed) && (best == "" || by[0, source] > by[0, best])) best = source
    if (best == "") break
    printed[best] = 1
    print "source", by[0, best], by[1, best] + 0, substr(best, 1, 64)
  }
  print "end"
}
