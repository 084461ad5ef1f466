"""What changed in model folders."""

from comfytape_contracts.drift import model_records, names_in_workflows, stated


def rules(records):
    return [(record.rule, record.path[1:]) for record in records]


def test_files_are_compared_by_name_and_size():
    """Gone, new, smaller, larger; a size that is not known is not compared."""
    before = {"vae": {"a": 10, "b": 10, "c": 10, "d": None}}
    after = {"vae": {"b": 9, "c": 11, "d": 5, "e": 1}}

    assert rules(model_records(before, after)) == [
        ("model-removed", ("vae", "a")),
        ("model-shrunk", ("vae", "b")),
        ("model-grown", ("vae", "c")),
        ("model-added", ("vae", "e")),
    ]


def test_old_names_of_folders_are_the_new_ones():
    """unet is diffusion_models."""
    assert model_records({"unet": {"a": 1}}, {"diffusion_models": {"a": 1}}, (["clip"], ["text_encoders"])) == []


def test_folders_are_compared_where_both_sides_list_them():
    """A folder that was not asked for is not gone."""
    assert model_records({"vae": {}}, {}) == []
    assert model_records({}, {}, (["vae"], [])) == []
    assert rules(model_records({}, {}, (["vae", "ipadapter"], ["vae", "loras"]))) == [
        ("model-folder-removed", ("ipadapter",)),
        ("model-folder-added", ("loras",)),
    ]


def test_a_file_that_a_workflow_names_matters(workflow):
    """Error where a workflow names it, info where none does, error where no workflow was given."""
    workflow["7"] = {"class_type": "VAELoader", "inputs": {"vae_name": "a"}}
    used = names_in_workflows([{"prompt": workflow}])
    records = model_records({"vae": {"a": 1, "b": 1}}, {"vae": {}})

    assert [str(each.finding.severity) for each in stated(records, used)] == ["error", "info"]
    assert [str(each.finding.severity) for each in stated(records)] == ["error", "error"]
    assert "No given workflow names it." in stated(records, used)[1].finding.message
