import TinyCheckpoint
import TinyFoundation
import TinyModel

/// The tensors of PEFT's `adapter_model.safetensors`, found by the modules that they belong to.
struct PEFTTensors {
    let file: SafetensorsFile

    var path: String { file.path }

    /// A module that an adapter changes and its tensors, one for each part that was asked for.
    struct Module {
        var layer: Int
        var kind: ModuleKind
        /// The beginning of its tensors' names: `base_model.model.` and the name in PEFT's model.
        var name: String
        /// The name in PEFT's model, which `rank_pattern` and `alpha_pattern` refer to.
        var ownName: String { String(name.dropFirst("base_model.model.".count)) }
        var tensors: [CheckpointTensor]
    }

    /// Opens the file.
    ///
    /// - Throws: ``AdapterError`` with code `inputOutput` or `malformedFile`.
    init(path: String) throws(AdapterError) {
        do throws(CheckpointError) {
            file = try SafetensorsFile(path: path)
        } catch {
            throw AdapterError(error.code == .unreadable ? .inputOutput : .malformedFile, error)
        }
    }

    /// The changed modules in counting order.
    ///
    /// - Parameters:
    ///   - parts: How the names of a module's tensors end, such as `.lora_A.weight`. Every module must have all of them.
    ///   - others: Names of tensors that belong to no module.
    /// - Throws: ``AdapterError`` naming a tensor that is missing or that belongs to something else.
    func modules(_ parts: [String], besides others: Set<String> = []) throws(AdapterError) -> [Module] {
        var found: [Int: Module] = [:]
        for name in file.tensors.keys.sorted() where !others.contains(name) {
            guard let part = parts.first(where: name.hasSuffix), let place = Self.place(name.dropLast(part.count))
            else {
                throw AdapterError(
                    .unsupportedFeature,
                    "\(path) has a tensor \(name), and an adapter here changes only the linear modules of layers, by "
                        + parts.map { $0.dropFirst() }.joined(separator: ", "))
            }
            guard found[place.index] == nil else { continue }
            let prefix = String(name.dropLast(part.count))
            let tensors = try parts.map { (part) throws(AdapterError) in try tensor(prefix + part) }
            found[place.index] = Module(layer: place.layer, kind: place.kind, name: prefix, tensors: tensors)
        }
        guard !found.isEmpty else { throw AdapterError(.malformedFile, "\(path) changes no module") }
        let modules = found.sorted { $0.key < $1.key }.map(\.value)
        let count = others.count + modules.count * parts.count
        guard file.tensors.count == count else {
            throw AdapterError(.malformedFile, "\(path) has a module under two names")
        }
        return modules
    }

    /// A tensor that must be there.
    func tensor(_ name: String) throws(AdapterError) -> CheckpointTensor {
        do throws(CheckpointError) {
            return try file.tensor(name)
        } catch {
            throw AdapterError(.malformedFile, error)
        }
    }

    /// A tensor's numbers.
    ///
    /// - Throws: ``AdapterError`` with code `malformedFile` for another shape, `invalidValues` for a number that is not finite.
    func numbers(_ tensor: CheckpointTensor, _ name: String, shape: [Int]) throws(AdapterError) -> [Float] {
        guard tensor.shape == shape else {
            throw AdapterError(.malformedFile, "\(name) is \(tensor.shape) in \(path), expected \(shape)")
        }
        let numbers = tensor.floats()
        guard let index = numbers.firstIndex(where: { !$0.isFinite }) else { return numbers }
        throw AdapterError(.invalidValues, "number \(index) of \(name) is \(numbers[index]) in \(path)")
    }

    /// The one type of some tensors, or fp32, which holds all of them.
    static func commonType(_ tensors: [CheckpointTensor]) -> ElementType {
        let types = Set(tensors.compactMap(\.type))
        return types.count == 1 ? types.first ?? .float32 : .float32
    }

    /// Layer and kind by a module's name in PEFT's model, `base_model.model.model.layers.0.self_attn.q_proj`. The text part
    /// of a model that also reads images has one more name.
    private static func place(_ name: Substring) -> AdaptedModule? {
        for prefix in ["base_model.model.model.layers.", "base_model.model.model.language_model.layers."] {
            guard name.hasPrefix(prefix) else { continue }
            let rest = name.dropFirst(prefix.count)
            guard let dot = rest.firstIndex(of: "."), let layer = Int(rest[..<dot]),
                (0..<AdapterPlan.largestLayer).contains(layer), rest[..<dot] == "\(layer)",
                let kind = ModuleKind.allCases.first(where: { $0.name == rest[rest.index(after: dot)...] })
            else { return nil }
            return AdaptedModule(layer: layer, kind: kind, outputs: 0, inputs: 0)
        }
        return nil
    }
}
