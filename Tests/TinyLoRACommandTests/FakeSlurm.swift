import Foundation
import Testing

/// `sbatch` and `squeue` as shell scripts: tasks of an array are processes of this machine, one after the other.
///
/// Their printed lines are those of Slurm 22.05. A file in the folder `slurm` makes something go wrong:
///
///     down      the controller cannot be reached by the next submission, nor by the question that follows
///     deaf      the next submission is taken but not answered
///     mute      the next submission is taken, and sbatch then hangs
///     stuck     squeue hangs
///     away      the next squeue cannot reach a cluster that is named
///     refuse    submissions are refused
///     hold      no task begins
///     NF        the next task ends so, without having begun; also CA
///     TO        the next task ends so, after its run's first steps
struct FakeSlurm {
    private let scratch: Scratch

    init(in scratch: Scratch) throws {
        self.scratch = scratch
        for folder in ["bin", "slurm"] {
            try FileManager.default.createDirectory(
                atPath: scratch.path(folder), withIntermediateDirectories: true)
        }
        for (name, body) in [("sbatch", Self.sbatch), ("squeue", Self.squeue)] {
            let path = try scratch.file("bin/\(name)", "#!/bin/bash\ncd \"$FAKE_SLURM\" || exit 1\n" + body)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
        _ = try scratch.file("slurm/starts", "")
    }

    /// For the command under test.
    var variables: [String: String] {
        [
            "PATH": scratch.path("bin") + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"),
            "FAKE_SLURM": scratch.path("slurm"),
        ]
    }

    /// Lets something go wrong.
    func set(_ name: String) throws { _ = try scratch.file("slurm/\(name)", "") }

    /// Lets it go right again.
    func unset(_ name: String) throws { try FileManager.default.removeItem(atPath: scratch.path("slurm/\(name)")) }

    /// The arguments of each submission.
    var submissions: [String] {
        ((try? String(contentsOfFile: scratch.path("slurm/submissions"), encoding: .utf8)) ?? "").split(separator: "\n")
            .map(String.init)
    }

    /// The tasks that were started, as `NAME.INDEX`.
    var starts: [String] {
        ((try? String(contentsOfFile: scratch.path("slurm/starts"), encoding: .utf8)) ?? "").split(separator: "\n")
            .map(String.init)
    }

    /// Whether squeue was asked about what was submitted.
    var isAsked: Bool { FileManager.default.fileExists(atPath: scratch.path("slurm/asked")) }

    private static let sbatch = #"""
        if [[ -e down ]]; then
            mv down silent
            echo "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)" >&2
            exit 1
        fi
        if [[ -e refuse ]]; then echo "sbatch: error: invalid partition specified: nowhere" >&2; exit 1; fi
        echo "$*" >>submissions
        for word; do
            case $word in
            --job-name=*) name=${word#*=} ;;
            --array=0-*) last=${word#*=0-}; last=${last%%%*} ;;
            --output=*) output=${word#*=} ;;
            --clusters=*) cluster=${word#*=} ;;
            esac
            script=$word
        done
        cp "$script" "script-$name"
        echo "$cluster" >"cluster-$name"
        for ((i = 0; i <= last; i++)); do echo PD >"$name.$i"; done
        run() {
            while [[ -e hold ]]; do sleep 0.1; done
            for ((i = 0; i <= last; i++)); do
                for end in NF CA; do
                    if [[ -e $end ]]; then rm "$end"; echo "$end" >"$name.$i"; continue 2; fi
                done
                if [[ $(<"$name.$i") != PD ]]; then continue; fi
                echo R >"$name.$i"
                echo "$name.$i" >>starts
                if [[ -e TO ]]; then
                    rm TO
                    SLURM_ARRAY_TASK_ID=$i sh "script-$name" &
                    until grep -q . ../*/*/steps.jsonl || ! kill -0 $!; do sleep 0.1; done
                    kill -KILL $!
                    wait $!
                    echo TO >"$name.$i"
                    continue
                fi
                if SLURM_ARRAY_TASK_ID=$i sh "script-$name"; then echo CD >"$name.$i"; else echo F >"$name.$i"; fi
            done
        }
        # As in a cluster, tasks live on when whoever submitted them does not.
        export -f run
        export name last
        setsid bash -c run </dev/null >"${output/\%a/tasks}" 2>&1 &
        if [[ -e deaf ]]; then
            rm deaf
            echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2
            exit 1
        fi
        if [[ -e mute ]]; then rm mute; exec sleep 60; fi
        echo "$(wc -l <submissions)${cluster:+;$cluster}"
        """#

    private static let squeue = #"""
        if [[ -e silent ]]; then
            rm silent
            echo "slurm_load_jobs error: Unable to contact slurm controller (connect failure)" >&2
            exit 1
        fi
        if [[ -e submissions ]]; then touch asked; fi
        if [[ -e stuck ]]; then exec sleep 60; fi
        if [[ -e away && "$*" == *--clusters=* ]]; then
            rm away
            echo "squeue: error: 'far' can't be reached now, or it is an invalid entry for --cluster." >&2
            exit 1
        fi
        for word; do
            case $word in
            --name=*) names=${word#*=} ;;
            --clusters=*) cluster=${word#*=}; echo "CLUSTER: $cluster" ;;
            esac
        done
        for name in ${names//,/ }; do
            if [[ -e cluster-$name && $(<"cluster-$name") != "$cluster" ]]; then continue; fi
            for file in "$name".*; do
                if [[ -e $file ]]; then echo "${file##*.} $(<"$file") 1 $name None"; fi
            done
        done
        """#
}
