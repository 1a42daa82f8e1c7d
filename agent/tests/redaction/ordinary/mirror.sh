#!/bin/sh
lftp -u anonymous, -e "mirror /pub /srv/pub; quit" ftp.example.com
lftp -u "$FTP_USER,$FTP_PASSWORD" ftp.example.com
lftp -e "open ftp.example.com; ls, pwd; quit"
user=bob on=1 >out.log
rclone sync /srv b2:backup --fast-list
