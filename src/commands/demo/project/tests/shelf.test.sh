if bin/shelf nosuchcommand 2>/dev/null; then
    echo "an unknown command must be refused"
    exit 1
fi
