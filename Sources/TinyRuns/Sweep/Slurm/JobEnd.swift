/// Why a job ended whose run has written neither a result nor a failure.
package struct JobEnd: Equatable {
    /// Slurm's short form, such as `TO`; `nil` when Slurm does not know the job any more.
    let code: String?
    /// What a user or an administrator has ended.
    package static let cancelled = "CA"

    package init(_ code: String?) { self.code = code }

    /// Whether nothing of the run's is to be waited for: its job did not end by itself.
    var isCertain: Bool { !["CD", "F", nil].contains(code) }

    /// - Parameter fruitlessJobs: Jobs in a row, this one included, in which the run saved no new state.
    package func ending(fruitlessJobs: Int) -> RunEnding {
        switch code {
        case Self.cancelled, "RV":
            return .failed("its Slurm job was cancelled", hint: "the same command starts the run again")
        case "DL": return .failed("its Slurm job reached its deadline", hint: nil)
        case "OOM": return .failed("its Slurm job had too little memory", hint: "--sbatch mem=8G asks for more")
        case "TO" where fruitlessJobs > 0:
            return .failed(
                "its Slurm job reached the time limit before it saved a state",
                hint: "--sbatch time=12:00:00 asks for more; a lower checkpoint_steps saves large states more often")
        case "TO": return .interrupted("its Slurm job reached the time limit")
        case "BF", "NF", "PR", nil:
            let reason =
                switch code {
                case "PR": "its Slurm job was preempted"
                case nil: "its Slurm job is gone"
                default: "the node of its Slurm job failed"
                }
            guard fruitlessJobs < 3 else {
                return .failed("\(reason), \(fruitlessJobs) times without a saved state", hint: nil)
            }
            return .interrupted(reason)
        default: return .exited(code == "CD" ? 0 : 1)
        }
    }
}
