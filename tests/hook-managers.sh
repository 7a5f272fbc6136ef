#!/bin/sh
# Installs our hooks beside the real husky, lefthook, pre-commit and prek, in both orders, and takes
# both out again. Opt-in: needs the network, npm and pip.
#
#   tests/hook-managers.sh [path of git-wp]
set -eu

wp=$(realpath "${1:-target/debug/git-wp}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME="$work/home" GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org
export GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org
mkdir -p "$HOME" "$work/npm"
failed=0

# The install scripts of hook managers install hooks wherever they find a repository.
cd "$work/npm"
npm install --silent --no-audit --no-fund --ignore-scripts husky lefthook >/dev/null
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pre-commit prek
PATH="$work/npm/node_modules/.bin:$work/venv/bin:$PATH"

check() { # description, wanted result (yes or no), command
	if (cd "$room" && sh -ec "$3") >"$work/out" 2>&1; then got=yes; else got=no; fi
	if [ "$got" = "$2" ]; then
		echo "ok   $1"
	else
		echo "FAIL $1"
		sed 's/^/     /' "$work/out"
		failed=1
	fi
}

prepare() { # manager
	repo="$work/$1-$2/repo" room="$work/$1-$2/wp-a1"
	mkdir -p "$repo" && cd "$repo"
	git init -q -b main . && mkdir src docs && echo a >src/a && echo d >docs/d
	case $1 in
	husky)
		echo '{"name":"x","version":"1.0.0"}' >package.json
		mkdir -p .husky && echo "echo pre-commit of husky >>$work/ran" >.husky/pre-commit
		;;
	lefthook)
		printf 'pre-commit:\n  commands:\n    x:\n      run: echo lefthook >>%s\n' \
			"$work/ran" >lefthook.yml
		;;
	*)
		printf 'repos:\n- repo: local\n  hooks:\n  - id: x\n    name: x\n    language: system\n' \
			>.pre-commit-config.yaml
		printf '    entry: sh -c "echo %s >>%s"\n    always_run: true\n    pass_filenames: false\n' \
			"$1" "$work/ran" >>.pre-commit-config.yaml
		;;
	esac
	git add -A && git commit -qm base
}

manager_in() {
	case $1 in
	husky) husky >/dev/null ;;
	lefthook) lefthook install >/dev/null ;;
	*) "$1" install >/dev/null ;;
	esac
}

manager_out() {
	case $1 in
	husky) git config --unset core.hooksPath || true ;;
	lefthook) lefthook uninstall >/dev/null ;;
	*) "$1" uninstall >/dev/null ;;
	esac
}

make_room() {
	base=$(git rev-parse HEAD)
	git -c core.hooksPath=/dev/null worktree add -q -b wp/f/p/a1 "$room"
	# What husky generates is ignored by git; a set-up step copies it, as npm install would.
	[ ! -d .husky/_ ] || cp -R .husky/_ "$room/.husky/_"
	mkdir -p .git/wp/run/a1
	cat >.git/wp/run/a1/scope.json <<-END
	{"attempt":"a1","base":"$base","branch":"refs/heads/wp/f/p/a1","feature":"f",
	"ignore_case":false,"max_blob_bytes":1000000,"others":[],"package":"p","v":1,
	"scope":{"deny":[],"mode":"strict","read_allow":[],"write_allow":["src/**"]}}
	END
}

for manager in husky lefthook pre-commit prek; do
	for order in ours-first theirs-first; do
		prepare $manager $order
		before=$(cksum <.git/config)
		if [ $order = ours-first ]; then
			"$wp" hooks install >/dev/null && manager_in $manager
		else
			manager_in $manager && "$wp" hooks install >/dev/null
		fi
		make_room
		what="$manager, $order:"
		rm -f "$work/ran"
		check "$what a commit out of scope is refused" no 'echo x >docs/d; git commit -qam x'
		check "$what also without verification" no 'git commit -qam x --no-verify'
		check "$what a commit in scope passes" yes \
			'git checkout -q docs; echo b >src/a; git commit -qam b'
		check "$what and their hook ran, after ours" yes "[ \$(grep -c . $work/ran) = 1 ]"
		check "$what git reaches ours" yes "cd $repo && '$wp' hooks status"
		cd "$repo"
		if [ $order = ours-first ]; then
			manager_out $manager && "$wp" hooks uninstall >/dev/null
		else
			"$wp" hooks uninstall >/dev/null && manager_out $manager
		fi
		check "$what nothing is left of either" yes \
			"[ '$before' = \"\$(cksum <$repo/.git/config)\" ] || \
			 ! grep -E 'hooksPath|wp/' $repo/.git/config"
		check "$what commits are free again" yes 'echo y >docs/d; git commit -qam y'
	done
done
exit $failed
