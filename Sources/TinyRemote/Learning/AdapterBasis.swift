public import Foundation
public import TinyAdapter
internal import TinyCheckpoint
internal import TinyFoundation
internal import TinyModel

/// The frozen part of an adapter method that is linear in its numbers, as a learner in another process is given it:
///
///     ΔW(m) = B(m) · (Σᵢ v[group(m) · u + i] · P(m, i)) · A(m)
///
/// A safetensors file with `NAME.A` `[r, inputs]`, `NAME.B` `[outputs, r]` and `NAME.P` `[u, r, r]` for each module, in float32;
/// its metadata has the modules' names and groups in one order, as JSON lists, and the number of parameters.
public struct AdapterBasis: Sendable {
    /// The file.
    public let file: Data
    /// Hash of the file.
    public let name: String
    /// Numbers of an adapter.
    public let parameterCount: Int

    /// Most bytes of a request's body that `Integrations/torch` takes.
    public static let bodyLimit = 1 << 30

    /// Makes the basis of a method.
    ///
    /// - Parameter bodyLimit: Most bytes that the process is sent at once.
    /// - Throws: ``RemoteError`` with code `unsupported` for a method that is not linear in its numbers or too large.
    public init(_ method: any AdapterMethod, bodyLimit: Int = AdapterBasis.bodyLimit) throws {
        guard let mixing = method.linearMixing else {
            throw RemoteError(
                .unsupported, "a learner in another process trains tinylora and lora-xs, not \(method.design.method)",
                hint: "leave out --learner")
        }
        try mixing.require(atMost: bodyLimit, for: method.design.description)
        let factors = mixing.factors, rank = factors.rank, u = mixing.u
        let tensors = factors.modules.enumerated().flatMap { place, module in
            [
                TensorToWrite(
                    name: module.name + ".A", shape: [rank, module.inputs], floats: factors.factors[place].a),
                TensorToWrite(
                    name: module.name + ".B", shape: [module.outputs, rank], floats: factors.factors[place].b),
                TensorToWrite(name: module.name + ".P", shape: [u, rank, rank]) { mixing.projections(place) },
            ]
        }
        let metadata = [
            "modules": try json(factors.modules.map(\.name)), "groups": try json(mixing.groups),
            "parameters": "\(method.parameterCount)",
        ]
        let path = NSTemporaryDirectory() + "tinylora-basis-\(UUID().uuidString).safetensors"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try SafetensorsWriter.write(tensors, metadata: metadata, to: path)
        file = try Data(contentsOf: URL(filePath: path))
        name = SHA256.hash(Array(file)).hexadecimal
        parameterCount = method.parameterCount
    }
}

extension LinearMixing {
    /// Refuses tensors of more bytes in float32, before they are made.
    fileprivate func require(atMost limit: Int, for description: String) throws(RemoteError) {
        let rank = factors.rank, size = MemoryLayout<Float>.size
        let rows = factors.modules.reduce(0) { rows, module in rows + module.inputs + module.outputs + u * rank }
        let bytes = Double(size * rank) * Double(rows), mebibyte = 0x1p20
        guard bytes > Double(limit) else { return }
        throw RemoteError(
            .unsupported,
            "a learner in another process takes at most \(limit >> 20) MiB of factors and projections, and \(description) has "
                + String(format: "%.0f MiB of them", (bytes / mebibyte).rounded(.up)),
            hint: "choose a lower rank, or leave out --learner")
    }
}

private func json(_ value: some Encodable) throws -> String {
    String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
}
