internal import Foundation
internal import TinyFoundation
internal import TinyRecords

/// Runs that were submitted together: an array of jobs, each task of which is one run.
///
/// It is written before it is submitted, so a sweep whose process is lost at any instant finds its jobs again by their name.
struct JobArray: Record {
    /// Name of its jobs, which no other array has.
    var name: String
    /// The run of each task.
    var runs: [String]
    /// Slurm's number of the array, once it is known.
    var job: String?
    /// When it was last submitted, in ISO 8601.
    var submitted: String
    /// The cluster that took it, or those of which one takes it, as `--clusters` names them; empty for the one of the machine that
    /// submits, and `nil` in records of earlier versions, whose commands took what the environment said.
    private var place: String?

    /// A new one, for the clusters of this process's environment.
    init(name: String, runs: [String]) {
        self.name = name
        self.runs = runs
        submitted = Date().ISO8601Format()
        place = SlurmCommand.clusters ?? ""
    }

    /// The value of `--clusters`; `nil` for the cluster of the machine that submits.
    var clusters: String? { (place ?? SlurmCommand.clusters).flatMap { $0.isEmpty ? nil : $0 } }

    private enum CodingKeys: String, CodingKey {
        case name, runs, job, submitted
        case place = "clusters"
    }

    /// Most tasks of one array: Slurm's own default is one more.
    static let mostTasks = 1000

    /// Notes Slurm's answer to its submission: the number, and the cluster's name where clusters were named.
    ///
    /// - Returns: Whether it is such an answer.
    mutating func accept(_ answer: String) -> Bool {
        let words = answer.split(whereSeparator: { ";\n ".contains($0) }).map(String.init)
        guard let job = words.first, Int(job) != nil else { return false }
        self.job = job
        if clusters != nil, words.count > 1 { place = words[1] }
        return true
    }

    /// Seconds since it was submitted, by the clocks of the machines that did it and of this one.
    var age: Double { (try? Date(submitted, strategy: .iso8601)).map { -$0.timeIntervalSinceNow } ?? 0 }

    /// Commands that would end the jobs of some arrays, by number where this machine's cluster has them, else by name.
    static func endings(of arrays: [JobArray]) -> String {
        let numbers = arrays.filter { $0.clusters == nil }.compactMap(\.job).sorted()
        let named = arrays.filter { $0.clusters != nil || $0.job == nil }.sorted { $0.name < $1.name }
        let commands = named.map { array in
            "scancel " + (array.clusters.map { "--clusters=\($0) " } ?? "") + "--name=\(array.name)"
        }
        let first = numbers.isEmpty ? [] : ["scancel \(numbers.joined(separator: " "))"]
        return (first + commands).joined(separator: " and ")
    }

    /// The script that Slurm starts for each task: one `tinylora train`, as ``ChildRun`` starts it.
    ///
    /// Standard input says nothing there, so the run does not look at it.
    func script(in folder: SweepFolder, command: RunCommand) -> String {
        let lines = runs.enumerated().map { index, run in
            let words = [command.program.path] + command.arguments(for: run, in: folder)
            return "\(index)) exec \(words.map(shellWord).joined(separator: " ")) "
                + ">\(shellWord(folder.result(run))) 2>\(shellWord(folder.log(run))) ;;\n"
        }
        return """
            #!/bin/sh
            # Written by tinylora sweep: each task of the job array is one run.
            case $SLURM_ARRAY_TASK_ID in
            \(lines.joined())*) echo "no run has number $SLURM_ARRAY_TASK_ID" >&2; exit 64 ;;
            esac

            """
    }
}

/// A text as one word of a shell.
func shellWord(_ text: String) -> String {
    let plain = text.unicodeScalars.allSatisfy { isFileScalar($0) && $0.isASCII || $0 == "/" || $0 == "=" }
    return plain ? text : "'" + text.replacing("'", with: "'\\''") + "'"
}
