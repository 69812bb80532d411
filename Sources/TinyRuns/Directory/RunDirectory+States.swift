import Foundation
import TinyCheckpoint
import TinyRecords
import TinyFoundation
import TinyLearning

extension RunDirectory {
    /// Most numbers of a state that is written into the line of its step: those of AdamW for 4096 trained numbers.
    static let mostInlineNumbers = 3 * 4096

    /// Replaces the run's state file by that of a later step; the older one goes when the new one is complete.
    func replaceState(_ state: TrainingState, step: Int) throws(TrainingError) {
        let name = StateFile.name(step: step)
        do {
            try StateFile.write(state, step: step, to: location(name))
        } catch {
            throw TrainingError(
                error.code == .invalidTensors ? .notFinite : .unwritable, error.message,
                hint: "everything written before is kept; resume when the file can be written", underlying: error)
        }
        removeStates(but: name)
    }

    /// The last step from which the run can go on, and its state.
    ///
    /// It is the last whose state stands in its line or in a complete file, so that at most the steps since the last saved
    /// state are made again; `nil` when there is none and the run begins again.
    func resumable(among steps: [StepRecord]) throws(TrainingError) -> (step: Int, state: TrainingState)? {
        let inline = steps.last { $0.state != nil }
        let filed = try stateNames().compactMap(StateFile.step(ofName:)).filter { $0 <= steps.count }
        for step in filed.sorted(by: >) where step > inline?.step ?? 0 {
            // A file that cannot be read was damaged after it was written; an older state gives the same numbers.
            if let state = try? StateFile.read(location(StateFile.name(step: step)), step: step) {
                return (step, state)
            }
        }
        return inline.flatMap { record in record.state.map { (record.step, $0) } }
    }

    /// Removes state files, finished and unfinished, but for one.
    ///
    /// One that cannot be removed is only in the way of the disk's space: what it holds is a state of this run.
    func removeStates(but kept: String?) {
        for name in (try? stateNames()) ?? [] where name != kept {
            try? FileManager.default.removeItem(atPath: location(name))
        }
    }

    /// Names of the state files, finished and unfinished.
    func stateNames() throws(TrainingError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).filter(StateFile.isState)
        } catch {
            throw TrainingError(.damagedRun, "\(path) cannot be read: \(systemReason(error))", underlying: error)
        }
    }
}
