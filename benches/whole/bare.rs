//! The same work with nothing but git and sh.

use std::path::Path;

use crate::scene::Scene;

/// A worktree, a command, a look, a check, a merge commit, no worktree: for each package.
pub(crate) fn noop(scene: &Scene, packages: usize) {
    let trees = scene.beside("trees");
    scene.sh(&format!(
        "tip=$(git rev-parse HEAD); git update-ref refs/wp/integration $tip
         i=0; while [ $i -lt {packages} ]; do
           git worktree add -q --no-track -b wp/$i {trees}/$i $tip
           (cd {trees}/$i && sh -c true && git status --porcelain > /dev/null)
           (cd {trees}/$i && sh -c true)
           head=$(git rev-parse wp/$i)
           git diff-tree -r --raw $tip $head > /dev/null
           tree=$(git merge-tree --write-tree $tip $head)
           new=$(git commit-tree $tree -p $tip -p $head -m \"merge $i\")
           git update-ref refs/wp/integration $new $tip
           tip=$new
           git worktree remove {trees}/$i
           i=$((i + 1))
         done
         git update-ref refs/heads/feature $tip",
        trees = trees.display()
    ));
}

/// Changes of a state ref under one plain lock, as a first draft would do it.
pub(crate) fn locked(scene: &Scene, who: usize, changes: usize) {
    scene.sh(&format!(
        "i=0; while [ $i -lt {changes} ]; do
           flock .git/plain.lock sh -ec '
             old=$(git rev-parse -q --verify refs/plain || true)
             blob=$(echo {who} $0 | git hash-object -w --stdin)
             tree=$(printf \"100644 blob %s\\tf{who}-$0\\n\" $blob | git mktree)
             new=$(git commit-tree $tree ${{old:+-p $old}} -m x)
             git update-ref refs/plain $new $old' $i
           i=$((i + 1))
         done"
    ));
}

/// What an agent runs in its room to time the hook there and `git diff --cached`, in nanoseconds.
pub(crate) fn hook_script(program: &Path, result: &Path) -> String {
    format!(
        "set -e
mkdir -p dir0; echo x > dir0/new; git add dir0/new
spend() {{ a=$(date +%s%N); i=0; while [ $i -lt 20 ]; do \"$@\" > /dev/null; i=$((i + 1)); done
  b=$(date +%s%N); echo $(((b - a) / 20)); }}
ours=$(spend {program} hook run pre-commit)
theirs=$(spend git diff --cached --name-only)
echo $ours $theirs > {result}",
        program = program.display(),
        result = result.display()
    )
}
