# shellcheck shell=sh
# Gives the copy of the backup $2 that was brought into the folder $1/.fetched the place $1/$2: it may lie below its
# own name there, or, where it is a folder (form $3), be all that is in it. $4 is the manifest of a backup that is one
# file: it is not part of the copy. Prints whether there is a copy.
set -e
brought=$1/.fetched
if [ -e "$brought/$2" ]; then mv -T -- "$brought/$2" "$1/$2"
elif [ "$3" = folder ] && [ -n "$(ls -A -- "$brought")" ]; then mv -T -- "$brought" "$1/$2"
else echo nothing; exit 0
fi
if [ "$3" = file ] && [ -e "$4" ]; then cp -- "$4" "$1/$2.manifest.json"; fi
echo copy
