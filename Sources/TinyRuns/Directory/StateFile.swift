import Foundation
import TinyCheckpoint
import TinyRecords
import TinyFoundation

/// A training state in a file of its own: `state-000040.safetensors` is the state after step 40.
///
/// Tensors `parameters`, `first_moment` and `second_moment`, fp32; the step, the number of updates and whatever else an
/// algorithm remembers stand in the metadata. The file has its name only when it is complete and on the disk.
enum StateFile {
    private static let format = "tinylora-state/1"
    private static let prefix = "state-", suffix = ".safetensors"

    /// The file's name.
    static func name(step: Int) -> String {
        let digits = String(step)
        return prefix + String(repeating: "0", count: max(0, 6 - digits.count)) + digits + suffix
    }

    /// The step of a file with this name; `nil` for other names, those of unfinished files among them.
    static func step(ofName name: String) -> Int? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
        guard let step = Int(name.dropFirst(prefix.count).dropLast(suffix.count)), step >= 1 else { return nil }
        return self.name(step: step) == name ? step : nil
    }

    /// Whether a file with this name is a state, or one that was being written.
    static func isState(_ name: String) -> Bool {
        guard let end = name.range(of: suffix)?.upperBound else { return false }
        return step(ofName: String(name[..<end])) != nil && (end == name.endIndex || name.hasSuffix(".tmp"))
    }

    /// Writes the state after a step, atomically.
    static func write(_ state: TrainingState, step: Int, to path: String) throws(CheckpointError) {
        let buffers = try text(of: state.buffers, path: path)
        func tensor(_ name: String, _ values: [Float]) -> TensorToWrite {
            TensorToWrite(name: name, shape: [values.count], floats: values)
        }
        try SafetensorsWriter.write(
            [
                tensor("parameters", state.parameters), tensor("first_moment", state.firstMoment),
                tensor("second_moment", state.secondMoment),
            ],
            metadata: [
                "format": format, "step": "\(step)", "updates": "\(state.updates)", "buffers": buffers,
            ], to: path)
    }

    /// Reads the state after a step.
    ///
    /// - Throws: `CheckpointError` when the file is damaged or holds something else.
    static func read(_ path: String, step: Int) throws(CheckpointError) -> TrainingState {
        let file = try SafetensorsFile(path: path)
        guard file.metadata["format"] == format, file.metadata["step"] == "\(step)",
            let updates = file.metadata["updates"].flatMap({ Int($0) }),
            let buffers = try? JSONDecoder().decode(
                [String: [Double]].self, from: (file.metadata["buffers"] ?? "").utf8, named: path)
        else { throw CheckpointError(.malformedHeader, "\(path) is not the state of step \(step)") }
        return TrainingState(
            parameters: try file.tensor("parameters").floats(), firstMoment: try file.tensor("first_moment").floats(),
            secondMoment: try file.tensor("second_moment").floats(), updates: updates, buffers: buffers)
    }

    private static func text(of buffers: [String: [Double]], path: String) throws(CheckpointError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        do {
            return String(decoding: try encoder.encode(buffers), as: UTF8.self)
        } catch {
            throw CheckpointError(
                .invalidTensors, "cannot write \(path): a number of the state is infinite or not a number",
                underlying: error)
        }
    }
}
