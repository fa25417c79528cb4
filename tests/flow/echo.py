#!/usr/bin/env python3
"""One ICMP echo: echo.py ADDRESS SECONDS; status 0 when it was answered. (Debian's minimal system has no ping.)"""
import os
import select
import socket
import struct
import sys
import time

address, seconds = sys.argv[1], float(sys.argv[2])
six = ":" in address
kind, reply = (128, 129) if six else (8, 0)
body = struct.pack("!HH", os.getpid() & 0xFFFF, 1) + os.urandom(16)
packet = struct.pack("!BBH", kind, 0, 0) + body
if not six:  # the kernel sums ICMPv6 itself
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    packet = packet[:2] + struct.pack("!H", ~total & 0xFFFF) + packet[4:]
s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW,
                  socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
try:
    s.sendto(packet, (address, 0))
except OSError as e:
    sys.exit(f"cannot send: {e}")
end = time.monotonic() + seconds
while (left := end - time.monotonic()) > 0:
    if not select.select([s], [], [], left)[0]:
        break
    got = s.recv(2048)
    if not six:
        got = got[(got[0] & 15) * 4 :]
    if got[0] == reply and got[4:] == body:
        sys.exit(0)
sys.exit(1)
