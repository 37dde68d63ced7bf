# shellcheck shell=bash
# What every host needs for logins: host names, and the logins of root and of the scan account.

hosts_file() {
  local host
  echo "127.0.0.1 localhost"
  for host in tor1 "${HOSTS[@]}"; do echo "${MGMT[$host]} $host"; done
}

write_host_files() {
  hosts_file | put "$1" /etc/hosts
  openrc | put "$1" /root/openrc
  put "$1" /root/.bashrc </dev/null     # otherwise the machine's own file (with pyenv, for example) would run at every login
  put "$1" /root/.ssh/authorized_keys <"$RUN/id_ed25519.pub"
  put "$1" /home/scanner/.ssh/authorized_keys <"$RUN/id_ed25519.pub"
  put "$1" /etc/ssh/sshd_config.d/osl.conf <<END
PermitRootLogin yes
PasswordAuthentication yes
UseDNS no
UsePAM no
MaxStartups 100
MaxSessions 100
END
  put "$1" /etc/sudoers.d/osl <<<'Defaults !requiretty, !use_pty'
  put "$1" /etc/sudoers.d/scanner <"$SUDOERS"   # exactly the rules of the documentation
  in_host "$1" bash -euc '
    id scanner >/dev/null 2>&1 || useradd -M -s /bin/bash scanner
    printf "%s\n" "root:$1" "scanner:$1" | chpasswd
    chown -R scanner: /home/scanner
    chmod 700 /root/.ssh /home/scanner/.ssh
    chmod 440 /etc/sudoers.d/osl /etc/sudoers.d/scanner
    [ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -qA' _ "$PW"
}
