/// Names of tensors in torchvision's older files, which torchvision itself renames when it loads them.
enum OldNames {
    /// The name as the model has it today: of a DenseNet's `denselayer1.norm.1.weight` (`densenet.py`,
    /// `_load_state_dict`), of a ViT's `mlp.linear_1.weight` (`vision_transformer.py`,
    /// `MLPBlock._load_from_state_dict`); any other as it is.
    static func current(_ name: String) -> String {
        var parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        for index in parts.indices.dropLast() {
            if index > 0, parts[index - 1].hasPrefix("denselayer"), ["norm", "relu", "conv"].contains(parts[index]),
                ["1", "2"].contains(parts[index + 1])
            {
                parts[index] += parts.remove(at: index + 1)
                return parts.joined(separator: ".")
            }
            if parts[index] == "mlp", let place = ["linear_1": "0", "linear_2": "3"][parts[index + 1]] {
                parts[index + 1] = place
                return parts.joined(separator: ".")
            }
        }
        return name
    }
}
