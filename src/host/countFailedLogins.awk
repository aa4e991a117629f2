# Counts connections that failed to log in: several lines of sshd may be about one of them, which its source
# address and port distinguish. Prints `failed COUNT`, `sources COUNT`, and `source COUNT ADDRESS`, at last `end`.
BEGIN { most = 200000; shown = 5 }
# OpenSSH 8 to 10 (auth.c, auth2.c, packet.c). A connection that names no user has not tried to log in. Lines of PAM
# have no port; sshd writes one of its own beside each.
/^Failed [^ ]+ for |^Invalid user |^(Connection (closed|reset) by|Disconnected from|Disconnecting) (authenticating|invalid) user |^(error: )?maximum authentication attempts exceeded |^ROOT LOGIN REFUSED FROM / {
  # The last address of the line: the text before it is a name of the caller's choice.
  if (!match($0, /[0-9a-fA-F:.]+ port [0-9]+( ssh2)?(: Too many authentication failures|: Change of username or service not allowed: .*)?( \[preauth\])?$/)) next
  split(substr($0, RSTART), part, " ")
  sub(/:$/, "", part[3])
  connection = part[1] " " part[3]
  if (connection in seen) next
  if (held < most) { seen[connection] = 1; held++ }
  failed++
  if (!(part[1] in by)) {
    if (total >= most) next
    total++
  }
  by[part[1]]++
}
END {
  print "failed", failed + 0
  print "sources", total + 0
  for (i = 0; i < shown; i++) {
    best = ""
    for (source in by) if (!(source in printed) && (best == "" || by[source] > by[best])) best = source
    if (best == "") break
    printed[best] = 1
    print "source", by[best], best
  }
  print "end"
}
