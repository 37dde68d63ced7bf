# shellcheck shell=bash
# The controller: database, message bus, Keystone, then the services that need them.
UWSGI=(uwsgi --plugins python3 --master --die-on-term --buffer-size 65535 --thunder-lock --lazy-apps --enable-threads
  --post-buffering 65535 --add-header 'Connection: close')   # otherwise POSTs on a kept-alive connection are reset
NEUTRON_FILES=(--config-file /etc/neutron/neutron.conf --config-file /etc/neutron/plugins/ml2/ml2_conf.ini)

start_database_and_bus() {
  in_host ctl bash -euc 'mkdir -p /var/lib/osl-mysql; chown mysql: /var/lib/osl-mysql
    mariadb-install-db --user=mysql --datadir=/var/lib/osl-mysql --auth-root-authentication-method=socket --skip-test-db \
      >/var/log/osl/mysql-install.log 2>&1
    rm -rf /var/lib/rabbitmq/mnesia; chown -R rabbitmq: /var/lib/rabbitmq'
  start ctl mariadb /usr/sbin/mariadbd --user=mysql
  start ctl memcached memcached -u memcache -m 64 -l 0.0.0.0
  start ctl rabbitmq /usr/sbin/rabbitmq-server
  wait_tcp ctl 3306
  local one
  for one in keystone:keystone placement:placement glance:glance nova_api:nova nova:nova nova_cell0:nova neutron:neutron; do
    echo "CREATE DATABASE ${one%:*} CHARACTER SET utf8;"
    echo "GRANT ALL ON ${one%:*}.* TO '${one#*:}'@'%' IDENTIFIED BY '$PW';"
  done | in_host ctl mariadb
  echo "CREATE USER 'scan'@'%' IDENTIFIED BY '$PW'; GRANT SELECT ON *.* TO 'scan'@'%';" | in_host ctl mariadb
}

# make_schemas: from the cache if the package versions are the same; they log to /var/log/osl/schemas-*.log
make_schemas() {
  local versions cached one
  versions=$({ dpkg-query -W -f '${Version}\n' keystone nova-api neutron-common placement-api glance-api mariadb-server
    echo "$PW$CTL"; } | md5sum | cut -c1-12)
  cached=$CACHE/schemas-$versions.sql.gz
  if [[ -s $cached && -z ${NOCACHE:-} ]]; then
    zcat "$cached" | in_host ctl mariadb
    return
  fi
  in_host ctl bash -euc 'exec >/var/log/osl/schemas-neutron.log 2>&1; neutron-db-manage "$@" upgrade heads' _ "${NEUTRON_FILES[@]}" 9>&- &
  one=$!
  in_host ctl bash -euc 'exec >/var/log/osl/schemas-nova.log 2>&1; nova-manage api_db sync
    nova-manage cell_v2 map_cell0 --database_connection "$1"; nova-manage cell_v2 create_cell --name=cell1 --verbose
    nova-manage db sync' _ "$(database_url nova nova_cell0)" 9>&- &
  in_host ctl bash -euc 'exec >/var/log/osl/schemas-others.log 2>&1
    keystone-manage db_sync; placement-manage db sync; glance-manage db_sync'
  wait "$one"
  wait "$!"
  in_host ctl mariadb-dump --skip-comments --databases keystone placement glance nova_api nova nova_cell0 neutron |
    gzip >"$cached.new"
  mv "$cached.new" "$cached"
}

start_keystone() {
  local keystone=http://$CTL:5000/v3 end=$((SECONDS + 90))
  in_host ctl bash -euc 'exec >/var/log/osl/keystone-bootstrap.log 2>&1
    keystone-manage fernet_setup --keystone-user root --keystone-group root
    keystone-manage credential_setup --keystone-user root --keystone-group root
    keystone-manage bootstrap --bootstrap-password "$1" --bootstrap-region-id RegionOne \
      --bootstrap-admin-url "$2/" --bootstrap-internal-url "$2/" --bootstrap-public-url "$2/"' _ "$PW" "$keystone"
  start ctl keystone "${UWSGI[@]}" --processes 2 --http-socket :5000 --wsgi-file /usr/bin/keystone-wsgi-public
  until curl --silent --fail --output /dev/null "$keystone"; do
    ((SECONDS < end)) || { say "Keystone does not answer"; return 1; }
    sleep 0.5
  done
  wait_tcp ctl 5672
  /usr/bin/python3 "$HERE/bootstrap.py" "$CTL" "$PW"
}

start_services() {
  start ctl placement "${UWSGI[@]}" --processes 1 --http-socket :8778 --wsgi-file /usr/bin/placement-api
  start ctl neutron-server neutron-server "${NEUTRON_FILES[@]}"
  start ctl nova-conductor nova-conductor
  start ctl nova-api nova-api
  start ctl glance-api glance-api
  start ctl nova-scheduler nova-scheduler
}
