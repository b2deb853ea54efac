# Runs "recupera serve" where nothing can be written but /tmp and a folder of its own, as in the container.
# confined.sh RECUPERA PORT SIZE; in a mount namespace of its own: unshare --mount. Prints what was answered.
set -e
recupera=$1 port=$2 size=$3
mount --make-rprivate /
mount -t tmpfs -o size=64m data /mnt
mount -t tmpfs -o "size=$size" tmp /tmp
mount -o remount,bind,ro /
if touch /root/.written 2>/dev/null; then echo "something else can be written"; fi
cd /mnt
export HOME=/tmp RECUPERA_DATA=/mnt RECUPERA_HOST=0.0.0.0 RECUPERA_PORT=$port PYTHONDONTWRITEBYTECODE=1
"$recupera" serve 2>/tmp/said &
service=$!
until curl -s -m 5 "http://127.0.0.1:$port/readyz" | grep -q '"ready"'; do
  kill -0 $service 2>/dev/null || { cat /tmp/said; exit 1; }
  sleep 0.5
done
curl -s -o /tmp/answer -w 'without a key: %{http_code}\n' "http://127.0.0.1:$port/v1/cases"
key=$("$recupera" keys create --name first --scope admin --scope ingest 2>/dev/null)
for _ in 1 2 3 4 5 6 7 8; do
  status=$(curl -s -o /tmp/answer -w '%{http_code}' -H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
    -d '{"channel": "email", "external_id": "1", "text": "Me cobraron dos veces y nadie me devuelve el dinero."}' \
    "http://127.0.0.1:$port/v1/messages")
  [ "$status" = 401 ] || break
  sleep 1
done
echo "with the first key: $status"
kill -TERM $service
wait $service || true
if grep -E 'Read-only|Errno|Traceback' /tmp/said; then exit 1; fi
